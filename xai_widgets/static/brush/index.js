var fe=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;var R=()=>performance.now(),Y=(e,t)=>e.addEventListener("abort",t);function N(e){return typeof e=="string"?Uint8Array.from(atob(e),t=>t.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function y(e,...t){let[r,...n]=e.split("."),i=document.createElement(r||"div");r==="button"&&I(i,{type:"button"}),i.className=n.map(c=>`xw-${c}`).join(" ");for(let c of t)typeof c=="string"||c instanceof Node?i.append(c):I(i,c);return i}function I(e,t){for(let[r,n]of Object.entries(t)){let i=r.replace("_","data-xw-").replace("$","aria-");n==null||n===!1?e.removeAttribute(i):e.setAttribute(i,n===!0?"":`${n}`)}}function k(e,t){e.textContent!==t&&(e.textContent=t)}function E(e,t,r,n){for(let i of r.split(" "))t.addEventListener(i,n,{signal:e,passive:!1})}var z=e=>e.preventDefault();function pe(e,t,...r){let n=document.createElementNS("http://www.w3.org/2000/svg",e);return I(n,t),n.append(...r),n}function Te(e,t="",r="0 0 16 16"){return pe("svg",{class:t,viewBox:r,preserveAspectRatio:"none",$hidden:"true"},pe("path",{d:e}))}function me(e,t,r,n,i,c={}){let h={_control:t,title:r,$label:r,...c},u=y("button.tool",h,Te(n));return E(e,u,"click",i),u}var F=()=>`xw-${Math.random().toString(36).slice(2)}`;function $(e,t=1){let r=10**-t;return e>0&&200*e<r?`<${r} %`:`${(100*e).toFixed(t)} %`}function be(e){let[t,r]=[y("span"),y("i.tick",{hidden:!0})],[n,i]=[y("span.class",t,r),y("span.chance")];return{element:y(e,n,i),name:n,show(c,h,u){k(t,c),n.style.backgroundSize=`${100*(h??0)}%`,k(i,h==null?"":$(h)),r.hidden=u===void 0,r.style.left=`${100*(u??0)}%`}}}function ge(e,t,r){let n=be("button.bar.risen"),[i,c]=[y("b"),y("span.facts")],h=y("p.verdict",{_verdict:!0},i," ",c),u=y(".answers",n.element,h),a=new Float32Array,l,s=0;E(e,n.element,"click",()=>{t.set("target",s),t.save_changes()});let x=g=>t.get("class_names")?.[g]??`class ${g}`;function d(g,K){let[M,m]=g.children;M.style.backgroundSize=`${100*(l??a)[K]}%`,k(m,$((l??a)[K]));let o=M.querySelector("i");o.hidden=!l,o.style.left=`${100*a[K]}%`}return{element:u,begin(g){a=g},say(g){l=g?.length===a.length?g:void 0},show(g,K){if(!a.length)return"";let M=new Set;for(let S of r.querySelectorAll(".xw-bars .xw-bar")){if(!S.dataset.xwClass)continue;let _=Number(S.dataset.xwClass);M.add(_),d(S,_)}s=l?l.indexOf(Math.max(...l)):0;let m=!!l&&!M.has(s);n.show(x(s),(l??a)[s],l&&a[s]);let o=`Most probable in the painted picture (class ${s}): explain it`;I(n.element,{title:o}),n.element.hidden=!m;let p=t.get("target"),b=typeof p=="number"?p:t.get("prediction").top[0].index,w=l?` → ${$(l[b])}`:"";k(i,g?`${x(b)} ${$(a[b])}${w}`:"");let v=`with ${$(g,0)} of the picture painted`;return k(c,g?v:"Paint over what you think matters: the bars answer."),u.hidden=!K&&!g,h.textContent??""}}}function B(e,t,r){return Math.max(t,Math.min(r,e))}var xe=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var rt=xe.map(([e,t,r])=>({name:e,title:t,diverging:!!r}));var Ce=({data:e,mime:t})=>createImageBitmap(new Blob([N(e)],{type:t}));async function X(e){let{width:t,height:r}=e,n=new OffscreenCanvas(t,r).getContext("2d");return n.drawImage(await Ce(e),0,0,t,r),new Uint32Array(n.getImageData(0,0,t,r).data.buffer)}function he(e,t,[r,n],[i,c],h){let u=e.length/t,[a,l]=[i-r,c-n],s=Math.max(h,1),x=(o,p,b)=>[B(Math.floor(Math.min(o,p)-s),0,b),B(Math.ceil(Math.max(o,p)+s),0,b)],[d,g]=x(r,i,t),[K,M]=x(n,c,u),m=!1;for(let o=K;o<M;o++)for(let p=d;p<g;p++){let[b,w]=[p+.5-r,o+.5-n],v=B((b*a+w*l)/(a*a+l*l||1),0,1);!(p===Math.floor(i)&&o===Math.floor(c))&&Math.hypot(b-v*a,w-v*l)>h||(e[o*t+p]=1,m=!0)}return m?[d,K,g,M]:null}function te(e){let t=[],[r,n]=[0,0];for(let i=0;i<=e.length;i++){let c=i-n===65535;i<e.length&&e[i]===r&&!c||(t.push(i-n),c&&e[i]===r?t.push(0):r^=1,n=i)}return Uint16Array.from(t)}function ne(e,t){let r=new Uint8Array(t),n=0;return e.forEach((i,c)=>{r.fill(c&1,n,n+i),n+=i}),r}function Ke(e){let t=0;for(let r=0;r<e.length;r++)t+=e[r];return t/(e.length||1)}var Ue=99,V=class{past=[];get any(){return this.past.length>0}begin(t){this.past.push(te(t)),this.past.length>Ue&&this.past.shift()}undo(t){let r=this.past.pop();return r&&t.set(ne(r,t.length)),!!r}forget(){this.past.length=0}},ee=4278190080;function ye(e,t){let r,n,i,c,h=0,u=0;return{async load(a,l,[s,x,d]){[i,c]=await Promise.all([X(a),X(l)]),{width:u}=a,[n,r]=[new ImageData(u,a.height),new ImageData(u,a.height)],h=(ee|d<<16|x<<8|s)>>>0},draw([a,l,s,x],d,g,K){if(e.width!==u||s<=a)return;let[M,m]=[n,r].map(({data:w})=>new Uint32Array(w.buffer)),o=g==="mean"?h:ee;for(let w=l;w<x;w++)for(let v=w*u+a;v<w*u+s;v++)M[v]=d[v]?g==="blur"?c[v]:o:i[v],m[v]=d[v]?ee:0;if(e.getContext("2d").putImageData(n,0,0,a,l,s-a,x-l),K||t.width!==u)return;let p=new OffscreenCanvas(s-a,x-l);p.getContext("2d").putImageData(r,-a,-l);let b=t.getContext("2d");b.globalCompositeOperation="destination-out",b.drawImage(p,a,l),b.globalCompositeOperation="source-over"}}}function we(e,t,r,n){let i=r.parentElement,c=y(".circle",{hidden:!0});i.append(c);let h=o=>o.getBoundingClientRect(),u=null,a=0,l=null,s=!1;function x({clientX:o,clientY:p}){let{left:b,top:w,width:v,height:S}=h(r),_=h(i),T=n.beside()?_.width/2:0,L=T&&o-_.left>=T?o-T:o,[C,P]=n.extent();return[(L-b)/v*C,(p-w)/S*P]}function d(o=l&&x(l)){let[p]=n.extent();if(c.hidden=!n.active()||!o||!p||s,!o||c.hidden)return;let{left:b,top:w,width:v}=h(r),S=h(i),_=v/p,[T,L]=[b-S.left+o[0]*_,w-S.top+o[1]*_];c.style.cssText=`left:${T}px;top:${L}px;width:${_*n.size()}px`}function g(o){n.paint(u??o,o),u=o}function K(o,p){for(let b of o.split(" "))i.addEventListener(b,p,{signal:e,capture:!0})}let M=()=>n.active()&&!s&&n.extent()[0]>0;K("pointerdown",o=>{l=o,!(!M()||o.button)&&(o.stopImmediatePropagation(),!u&&(i.setPointerCapture(o.pointerId),a=o.pointerId,n.begin(),g(x(o)),d(),n.painted()))}),K("pointermove",o=>{if(u&&o.pointerId!==a)return;l=o;let p=o.getCoalescedEvents?.()??[];if(u)for(let b of p.length?p:[o])g(x(b));d(),u&&n.painted()}),K("pointerup pointercancel lostpointercapture",o=>{!u||o.pointerId!==a||(u=null,o.pointerType==="touch"&&(l=null),d(),n.end())}),K("pointerleave",o=>{o.target===i&&(l=null,d())}),K("dblclick",o=>M()&&o.stopImmediatePropagation()),K("mousedown",o=>{n.active()&&o.button===1&&z(o)}),E(e,i,"wheel",()=>d()),E(e,i,"blur",()=>{s=!1,d()}),E(e,t,"keyup",({key:o})=>{o!==" "||!s||(s=!1,d())});function m(o){let[p,b]=n.extent(),[w,v]=n.spot()??[.5,.5],S=[w*p,v*b];l=null,o&&M()&&(n.begin(),g(S),u=null,n.painted(),n.end()),d(S)}return{follow:d,painting:()=>!!u,focus:()=>i.focus({preventScroll:!0}),press({key:o,target:p,defaultPrevented:b}){if(p!==i||!n.active())return!1;if(o.startsWith("Arrow"))m(!1);else if(b)d();else if(o===" "&&l)s=!0,d();else if(o===" "||o==="Enter")m(!0);else return!1;return!0}}}var ve=`.xw-root {
  .xw-toolbar,
  .xw-answers {
    display: none;
  }
  .xw-verdict {
    padding: 6px 0 4px;
  }
  .xw-verdict b {
    display: block;
    font-weight: 600;
  }
  .xw-answers:not([hidden]) {
    display: block;
  }
  .xw-class {
    position: relative;
  }
  /* Two notches, so that the name can still be read. */
  .xw-tick {
    position: absolute;
    inset: 0 auto;
    width: 2px;
    margin-left: -1px;
    border: solid var(--xw-muted);
    border-width: 6px 0;
  }
  .xw-circle {
    position: absolute;
    aspect-ratio: 1;
    border-radius: 50%;
    outline: 1.5px solid #fff;
    box-shadow:
      inset 0 0 0 1px #000a,
      0 0 0 2.5px #000a;
    pointer-events: none;
    translate: -50% -50%;
  }
  .xw-tools [aria-pressed="true"] {
    background: #fff;
    * {
      color: #1b1d21;
    }
  }

  &[data-xw-brush] {
    .xw-stage {
      flex-wrap: wrap;
      align-content: space-between;
    }
    .xw-toolbar {
      display: flex;
      flex: 1 0 100%;
      flex-wrap: wrap;
      gap: 4px 8px;
      align-items: center;
      padding: 8px 12px;
      container-type: inline-size;
      border-top: 1px solid var(--xw-line);
      background: var(--xw-bg);
    }
    .xw-sizes {
      display: flex;
      flex: 1;
      gap: 8px;
      align-items: center;
      min-width: 100px;
      max-width: 260px;
    }
    .xw-sizes .xw-number {
      flex: none;
      width: 48px;
      line-height: 24px;
    }
    .xw-toolbar .xw-facts {
      margin: 0 0 0 auto;
    }
    @container (width < 580px) {
      .xw-toolbar .xw-facts {
        display: none;
      }
    }
    &[data-xw-late] .xw-answers {
      opacity: 0.6;
    }
    .xw-toolbar :disabled {
      opacity: 0.4;
      cursor: default;
    }
    .xw-pane {
      cursor: none;
      touch-action: none;
    }
    .xw-ring {
      opacity: 0;
    }
    [data-xw-arrangement="side_by_side"] .xw-ring {
      opacity: 1;
    }
    .xw-stage > .xw-pill {
      bottom: calc(10px + var(--xw-toolbar));
    }
    .xw-stage > .xw-tools {
      opacity: 1;
    }
  }
}
`;function Me(e,t,r,n,i){let c=F(),h=n.map(([s,,x])=>y("input",{type:"radio",name:c,value:s,$label:x})),u=n.map(([,s],x)=>y("label.segment",h[x],s)),a=y(".segments",{role:"radiogroup",$label:t,_control:r});return a.append(...u),E(e,a,"change",({target:s})=>i(s.value)),E(e,a,"dblclick",()=>i(n[0][0])),[a,(s,x=null)=>{for(let[d,[g,,K]]of n.entries())I(u[d],{title:x??K}),I(h[d],{disabled:!!x}),h[d].checked=g===s}]}function Ee(e,t,r,n){let i=y("input.range",{type:"range",$label:t,_control:r});return E(e,i,"input",()=>n(+i.value)),{range:i,show(c,h,u,a,l=!1){I(i,{min:h,max:u,$valuetext:a,disabled:l}),i.value=String(c),i.style.setProperty("--xw-share",`${100*(c-h)/(u-h||1)}%`)}}}var Be=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]],He="M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6";function Ae(e,t){let[r,n]=Me(e,"Paint with","fill",Be,t.fill),i=Ee(e,"Brush size","brush-size",d);I(i.range,{title:"Brush size ([ and ])"});let c=y("span.number"),h=me(e,"undo","Undo (Ctrl+Z)",He,t.undo),u=y("button.link",{_control:"clear",title:"Clear the paint"},"Clear");E(e,u,"click",t.clear);let a=y(".toolbar",{role:"group",$label:"Brush"},r),l=y("span.facts","[ ] size · Ctrl+Z undo · Esc done");a.append(y(".sizes",i.range,c),h,u,l);let s=0,x=1;function d(g){s=B(Math.round(g),1,x),i.show(s,1,x,`${s} pixels`),k(c,`${s} px`),t.resized()}return E(e,i.range,"dblclick",()=>d(x/4)),{element:a,get size(){return s},larger:()=>d(Math.max(s+1,s*1.25)),smaller:()=>d(Math.min(s-1,s/1.25)),fit(g,K){let M=x;x=Math.max(2,g>>1),d(M===x?s:x/4);for(let m of r.querySelectorAll("input"))m.disabled=!K.includes(m.value)},show(g,K,M){n(g),h.disabled=!K,u.disabled=!M}}}var Se=200,Oe=1e4,Le=e=>N(e??"").slice().buffer,q=e=>new Float32Array(Le(e)),Ie=e=>new Uint16Array(Le(e));function De(e,t,r,n,i,c,h,u){let a=f=>t.querySelector(f),l=a('[data-xw-canvas="picture"]'),s=a('[data-xw-control="brush"]'),x=F(),d=new V,g=ye(l,a('[data-xw-canvas="heat"]')),[K,M]=[0,0],m=new Uint8Array(0),o="blur",p=!1,b=0,w=0,v=0,S=0,_="",T=!0,L=ge(r,e,t),C=we(r,t,l,{active:()=>p,extent:()=>[K,M],size:()=>P.size,beside:()=>oe(),spot:i,begin:()=>d.begin(m),paint(f,A){let Q=he(m,K,f,A,P.size/2);Q&&Z(Q)},painted:se,end:U}),P=Ae(r,{fill(f){o=f,j()},undo:ae,clear(){d.begin(m),m.fill(0),j(),C.focus()},resized:()=>C.follow()});t.append(y("style",ve)),a(".xw-stage").append(P.element),a(".xw-bars").after(L.element);let re=new ResizeObserver(()=>t.style.setProperty("--xw-toolbar",`${P.element.offsetHeight}px`));re.observe(P.element);let oe=()=>e.get("arrangement")==="side_by_side",Z=f=>g.draw(f,m,o,oe());function U(){let f=m.includes(1);P.show(o,d.any,f);let A=L.show(Ke(m),p),Q=v>0&&R()-S>Se;I(t,{_brush:p,_stroke:b,_painted:w,_late:Q}),I(s,{$pressed:String(p)}),!(!f||w!==b||C.painting()||A===_)&&(_=A,k(a(".xw-live"),A))}function ie(){n(),Z([0,0,K,M])}function j(){ie(),se()}function ae(){d.undo(m)&&(j(),d.any||C.focus())}function se(){b+=1,m.includes(1)?le():(L.say(),w=b,ue()),U()}function le(){w===b||v&&R()-S<Oe||(v=b,S=R(),setTimeout(U,Se+20),ue())}function ue(){let f={kind:"paint",by:x,seq:b,fill:o,full:fe};e.send(f,void 0,[te(m)])}function W(f,[A,...Q]=[]){if(f.kind==="brush"&&_e(f,Q),f.kind!=="painted"||!K)return;f.by===x?w=Math.max(w,f.seq):ce(f.fill,Ie(Q[0])),v=0,m.includes(1)&&!f.failed&&L.say(q(A)),le(),U()}function ce(f,A){f&&(d.begin(m),o=f,m.set(ne(A,m.length)),m.includes(1)||L.say(),b+=1,w=b,ie())}async function _e(f,[A,Q,H,Pe]){let G=e.get("picture"),{width:O,height:D}=G,{mime:Qe,mean:ke}=f;await g.load(G,{width:O,height:D,mime:Qe,data:A},ke),!(G!==e.get("picture")||r.aborted)&&([K,M]=[O,D],m.length!==O*D&&(m=new Uint8Array(O*D)),L.begin(q(Q)),P.fit(Math.min(O,D),f.fills),f.fills.includes(o)||(o=f.fills[0]),ce(f.fill??null,Ie(H)),d.forget(),m.includes(1)&&L.say(q(Pe)),T&&m.includes(1)&&e.send({kind:"brush",known:!0}),T&&u&&J(),T=!1,U())}function de(){[K,v,m]=[0,0,new Uint8Array(0)],L.begin(q(void 0)),w=b,d.forget(),L.say(),e.send({kind:"brush",known:!0}),U()}function J(){p=!p,U(),C.follow(),p&&C.focus()}return E(r,s,"click",J),E(r,t,"keydown",f=>{let{key:A,target:Q}=f;if(Q.matches("input:not([type])"))return;let H=f.ctrlKey||f.metaKey;if(H&&A==="z")ae();else if(!H&&A==="b"&&!f.defaultPrevented)J();else{if(H||f.altKey||!p)return;if(A==="[")P.smaller();else if(A==="]")P.larger();else if(A==="Escape"&&!f.defaultPrevented)J(),f.stopPropagation();else if(!C.press(f))return}z(f)}),e.on("msg:custom",W),e.on("change:picture",de),Y(r,()=>{re.disconnect(),e.off("msg:custom",W),e.off("change:picture",de)}),W(c,h),()=>{m.includes(1)&&Z([0,0,K,M]),U()}}export{De as default};
