var Ke=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;var N=()=>performance.now(),ae=(e,t)=>e.addEventListener("abort",t);function O(e,t,n){return Math.max(t,Math.min(n,e))}function j(e){return typeof e=="string"?Uint8Array.from(atob(e),t=>t.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function K(e,...t){let[n,...r]=e.split("."),i=document.createElement(n||"div");n==="button"&&L(i,{type:"button"}),i.className=r.map(f=>`xw-${f}`).join(" ");for(let f of t)typeof f=="string"||f instanceof Node?i.append(f):L(i,f);return i}function L(e,t){for(let[n,r]of Object.entries(t)){let i=n.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?e.removeAttribute(i):e.setAttribute(i,r===!0?"":`${r}`)}}function Q(e,t){e.textContent!==t&&(e.textContent=t)}function se(e,t){e.hidden=!t,Q(e,t)}function A(e,t,n,r){for(let i of n.split(" "))t.addEventListener(i,r,{signal:e,passive:!1})}var W=e=>e.preventDefault();function ve(e,t,...n){let r=document.createElementNS("http://www.w3.org/2000/svg",e);return L(r,t),r.append(...n),r}function Fe(e,t="",n="0 0 16 16"){return ve("svg",{class:t,viewBox:n,preserveAspectRatio:"none",$hidden:"true"},ve("path",{d:e}))}function le(e,t,n,r,i,f={}){let b={_control:t,title:n,$label:n,...f},u=K("button.tool",b,Fe(r));return A(e,u,"click",i),u}var G=()=>`xw-${Math.random().toString(36).slice(2)}`;function Ne(e){if(!Number.isFinite(e))return"–";let t=Math.abs(e),n=t>=1e4||t>0&&t<.001?e.toExponential(1).replace("e+","e"):String(+e.toPrecision(3));return(e>0?"+":"")+n.replaceAll("-","−")}function Y(e,t=1){let n=10**-t;return e>0&&200*e<n?`<${n} %`:`${(100*e).toFixed(t)} %`}var F=(e,t,n)=>t==="number"?Ne(e).replace("+",""):Y(e,n);function Me(e){let[t,n]=[K("span"),K("i.tick",{hidden:!0})],[r,i]=[K("span.class",t,n),K("span.chance")];return{element:K(e,r,i),name:r,show(f,b,u,m){let d=u==="number"?0:100;Q(t,f),r.style.backgroundSize=`${d*(b??0)}%`,Q(i,b==null?"":F(b,u)),n.hidden=m===void 0||!d,n.style.left=`${d*(m??0)}%`}}}function Ee(e,t,n,r){let i=Me("button.bar.risen"),[f,b,u]=[K("b.change"),K("b.turn"),K("span.facts")],m=K("button.link",{_control:"clear",title:"Clear the paint"},"Clear"),d=n.querySelector("[data-xw-verdict]"),g=d.textContent??"";d.replaceChildren(f,K("span.outcome",b,u,m)),n.querySelector(".xw-bars").after(i.element);let x=new Float32Array,l,w=0;A(e,m,"click",r),A(e,i.element,"click",()=>{t.set("target",w),t.save_changes()});let h=a=>t.get("class_names")?.[a]??`class ${a}`,M=a=>a.indexOf(Math.max(...a)),c=()=>t.get("prediction")?.top[0]?.unit;function o(a,p){let[y,E]=a.children,S=c()==="number"?0:(l??x)[p];y.style.backgroundSize=`${100*S}%`,Q(E,F((l??x)[p],c()));let _=y.querySelector("i");_.hidden=!l||c()==="number",_.style.left=`${100*x[p]}%`}return{begin(a){x=a},say(a){l=a?.length===x.length?a:void 0},show(a){if(!x.length)return"";let p=[...n.querySelectorAll(".xw-bars .xw-bar")],y=new Set;for(let I of p){if(I.hidden=!1,!I.dataset.xwClass)continue;let T=Number(I.dataset.xwClass);y.add(T),o(I,T)}w=l?M(l):0;let E=!!l&&!y.has(w);i.show(h(w),(l??x)[w],c(),l&&x[w]);let S=`Most probable in the painted picture (class ${w}): explain it`;L(i.element,{title:S}),i.element.hidden=!E;let _=[...p].reverse().find(I=>I.ariaPressed!=="true"&&I!==I.ownerDocument.activeElement);E&&_&&(_.hidden=!0);let P=t.get("target"),k=typeof P=="number"?P:t.get("prediction").top[0].index,B=l?` → ${F(l[k],c())}`:"";Q(f,a?`${h(k)} ${F(x[k],c())}${B}`:"");let D=!!l&&c()!=="number"&&w!==M(x);Q(b,D?`now ${h(w)} ${F(l[w],c())}`:""),Q(u,a?`${Y(a,0)} painted`:g),m.hidden=!a;let q=a?[f,b,u].map(({textContent:I})=>I):[g];for(let I of[f,b])L(I,{title:I.textContent});return q.filter(Boolean).join(", ")}}}var Ae=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var bt=Ae.map(([e,t,n])=>({name:e,title:t,diverging:!!n}));var Je=({data:e,mime:t})=>createImageBitmap(new Blob([j(e)],{type:t}));async function Se(e){let{width:t,height:n}=e,r=new OffscreenCanvas(t,n).getContext("2d");return r.drawImage(await Je(e),0,0,t,n),new Uint32Array(r.getImageData(0,0,t,n).data.buffer)}function Ie(e,t,[n,r],[i,f],b){let u=e.length/t,[m,d]=[i-n,f-r],g=Math.max(b,1),x=(o,a,p)=>[O(Math.floor(Math.min(o,a)-g),0,p),O(Math.ceil(Math.max(o,a)+g),0,p)],[l,w]=x(n,i,t),[h,M]=x(r,f,u),c=!1;for(let o=h;o<M;o++)for(let a=l;a<w;a++){let[p,y]=[a+.5-n,o+.5-r],E=O((p*m+y*d)/(m*m+d*d||1),0,1);!(a===Math.floor(i)&&o===Math.floor(f))&&Math.hypot(p-E*m,y-E*d)>b||(e[o*t+a]=1,c=!0)}return c?[l,h,w,M]:null}function ce(e){let t=[],[n,r]=[0,0];for(let i=0;i<=e.length;i++){let f=i-r===65535;i<e.length&&e[i]===n&&!f||(t.push(i-r),f&&e[i]===n?t.push(0):n^=1,r=i)}return Uint16Array.from(t)}function pe(e,t){let n=new Uint8Array(t),r=0;return e.forEach((i,f)=>{n.fill(f&1,r,r+i),r+=i}),n}function Le(e){let t=0;for(let n=0;n<e.length;n++)t+=e[n];return t/(e.length||1)}var ze=99,X=class{past=[];get any(){return this.past.length>0}begin(t){this.past.push(ce(t)),this.past.length>ze&&this.past.shift()}undo(t){let n=this.past.pop();return n&&t.set(pe(n,t.length)),!!n}forget(){this.past.length=0}},ue=4278190080;function _e(e,t){let n,r,i,f=0,b=0;return{async load(u,[m,d,g]){i=await Se(u),{width:b}=u;let{height:x}=u;[r,n]=[new ImageData(b,x),new ImageData(b,x)],f=(ue|g<<16|d<<8|m)>>>0},draw([u,m,d,g],x,l,w){if(e.width!==b||d<=u)return;let[h,M]=[r,n].map(({data:p})=>new Uint32Array(p.buffer)),c=l==="mean"?f:ue;for(let p=m;p<g;p++)for(let y=p*b+u;y<p*b+d;y++)h[y]=x[y]?l==="blur"?i[y]:c:0,M[y]=x[y]?ue:0;if(e.getContext("2d").putImageData(r,0,0,u,m,d-u,g-m),w||t.width!==b)return;let o=new OffscreenCanvas(d-u,g-m);o.getContext("2d").putImageData(n,-u,-m);let a=t.getContext("2d");a.globalCompositeOperation="destination-out",a.drawImage(o,u,m),a.globalCompositeOperation="source-over"}}}function Pe(e,t,n,r){let i=t.querySelector("[data-xw-stage]"),f=K(".circle",{hidden:!0});i.append(f);let b=o=>o.getBoundingClientRect(),u=null,m=0,d=null,g=!1;function x({clientX:o,clientY:a}){let{left:p,top:y,width:E,height:S}=b(n),_=b(i),P=r.beside()?_.width/2:0,k=P&&o-_.left>=P?o-P:o,[B,D]=r.extent();return[(k-p)/E*B,(a-y)/S*D]}function l(o=d&&x(d)){let[a]=r.extent();if(f.hidden=!r.active()||!o||!a||g,!o||f.hidden)return;let{left:p,top:y,width:E}=b(n),S=b(i),_=E/a,[P,k]=[p-S.left+o[0]*_,y-S.top+o[1]*_];f.style.cssText=`left:${P}px;top:${k}px;width:${_*r.size()}px`}function w(o){r.paint(u??o,o),u=o}function h(o,a){for(let p of o.split(" "))i.addEventListener(p,a,{signal:e,capture:!0})}let M=()=>r.active()&&!g&&r.extent()[0]>0;h("pointerdown",o=>{d=o,!(!M()||o.button)&&(o.stopImmediatePropagation(),!u&&(i.setPointerCapture(o.pointerId),m=o.pointerId,r.begin(),w(x(o)),l(),r.painted()))}),h("pointermove",o=>{if(u&&o.pointerId!==m)return;d=o;let a=o.getCoalescedEvents?.()??[];if(u)for(let p of a.length?a:[o])w(x(p));l(),u&&r.painted()}),h("pointerup pointercancel lostpointercapture",o=>{!u||o.pointerId!==m||(u=null,o.pointerType==="touch"&&(d=null),l(),r.end())}),h("pointerleave",o=>{o.target===i&&(d=null,l())}),h("dblclick",o=>M()&&o.stopImmediatePropagation()),h("mousedown",o=>{r.active()&&o.button===1&&W(o)}),A(e,i,"wheel",()=>l()),A(e,i,"blur",()=>{g=!1,l()}),A(e,t,"keyup",({key:o})=>{o!==" "||!g||(g=!1,l())});function c(o){let[a,p]=r.extent(),[y,E]=r.spot()??[.5,.5],S=[y*a,E*p];d=null,o&&M()&&(r.begin(),w(S),u=null,r.painted(),r.end()),l(S)}return{follow:l,painting:()=>!!u,focus:()=>i.focus({preventScroll:!0}),press({key:o,target:a,defaultPrevented:p}){if(a!==i||!r.active())return!1;if(o.startsWith("Arrow"))c(!1);else if(p)l();else if(o===" "&&d)g=!0,l();else if(o===" "||o==="Enter")c(!0);else return!1;return!0}}}var Qe=`.xw-root {
  .xw-toolbar {
    display: none;
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
  .xw-whose {
    right: 10px;
    max-width: 60%;
    font-size: 12px;
    pointer-events: none;
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

  &[data-xw-brush] {
    .xw-toolbar {
      display: flex;
      flex: 1;
      gap: 6px;
      align-items: center;
      min-width: 0;
    }
    .xw-toolbar .xw-segment {
      min-width: 28px;
      padding: 0 7px;
      line-height: 26px;
    }
    .xw-sizes {
      display: flex;
      flex: 1;
      gap: 8px;
      align-items: center;
      min-width: 60px;
      max-width: 220px;
    }
    .xw-sizes .xw-number {
      flex: none;
      width: 48px;
      line-height: 24px;
    }
    .xw-toolbar :disabled {
      opacity: 0.4;
      cursor: default;
    }
    @container (width < 700px) {
      .xw-tray > :not(.xw-toolbar) {
        display: none;
      }
    }
    @container (width < 520px) {
      .xw-zooms,
      [data-xw-control="brush"] span,
      [data-xw-control="wipe"],
      .xw-sizes .xw-number {
        display: none;
      }
    }
    &[data-xw-late] .xw-verdict {
      opacity: 0.6;
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
  }
}
`;function ke(e,t,n,r,i){let f=G(),b=r.map(([g,,x])=>K("input",{type:"radio",name:f,value:g,$label:x})),u=r.map(([,g],x)=>K("label.segment",{_text:g},b[x],g)),m=K(".segments",{role:"radiogroup",$label:t,_control:n});return m.append(...u),A(e,m,"change",({target:g})=>i(g.value)),A(e,m,"dblclick",()=>i(r[0][0])),[m,(g,x=null)=>{for(let[l,[w,,h]]of r.entries())L(u[l],{title:x??h}),L(b[l],{disabled:!!x}),b[l].checked=w===g}]}function Te(e,t,n,r){let i=K("input.range",{type:"range",$label:t,_control:n});return A(e,i,"input",()=>r(+i.value)),{range:i,show(f,b,u,m,d=!1){L(i,{min:b,max:u,$valuetext:m,disabled:d}),i.value=String(f),i.style.setProperty("--xw-share",`${100*(f-b)/(u-b||1)}%`)}}}var qe=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]],Ze="M4 4l8 8M12 4l-8 8",je="M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6";function Ce(e,t){let[n,r]=ke(e,"Paint with","fill",qe,t.fill),i=Te(e,"Brush size","brush-size",l);L(i.range,{title:"Brush size ([ and ])"});let f=K("span.number"),b=le(e,"undo","Undo (Ctrl+Z)",je,t.undo),u=le(e,"wipe","Clear the paint",Ze,t.clear),m=K(".toolbar",{role:"group",$label:"Brush"},n);m.append(K(".sizes",i.range,f),b,u);let d=0,g=1,x=[];function l(w){d=O(Math.round(w),1,g),i.show(d,1,g,`${d} pixels`),Q(f,`${d} px`),t.resized()}return A(e,i.range,"dblclick",()=>l(g/4)),{element:m,get size(){return d},larger:()=>l(Math.max(d+1,d*1.25)),smaller:()=>l(Math.min(d-1,d/1.25)),fit(w,h){let M=g;g=Math.max(2,w>>1),l(M===g?d:g/4),x=h},show(w,h,M){r(w);for(let c of n.querySelectorAll("input"))c.disabled=!x.includes(c.value);b.disabled=!h,u.disabled=!M}}}var de=200,We=1e4,$e=e=>j(e??"").slice().buffer,ee=e=>new Float32Array($e(e)),Be=e=>new Uint16Array($e(e));function Ge({model:e,root:t,signal:n,stage:r,repaint:i},f,b,u){let m=s=>t.querySelector(s),d=m('[data-xw-canvas="picture"]'),g=m('[data-xw-control="brush"]'),x=G(),l=new X,w=_e(m('[data-xw-canvas="paint"]'),m('[data-xw-canvas="heat"]')),[h,M]=[0,0],c=new Uint8Array(0),o="blur",a=!1,p=0,y=0,E=0,S=0,_=!0,P,k=0,B=0,D="",q="",I=!0,T=Ee(n,e,t,oe),$=Pe(n,t,d,{active:()=>a,extent:()=>[h,M],size:()=>R.size,beside:()=>te(),spot:r.spot,begin:()=>l.begin(c),paint(s,v){let C=Ie(c,h,s,v,R.size/2);C&&ne(C)},painted:ge,end(){P==="after"&&J(),U()}}),R=Ce(n,{fill(s){o=s,re()},undo:be,clear:oe,resized:()=>$.follow()}),fe=K(".pill.whose",{hidden:!0,$live:"off",_whose:!0});m(".xw-frame").append(fe),t.append(K("style",Qe)),r.slot.prepend(R.element),r.cover(({row:s,column:v})=>!te()&&!!c[s*h+v]);function te(){return e.get("arrangement")==="side_by_side"}function ne(s){w.draw(s,c,o,te())}function U(){let s=c.includes(1);R.show(o,l.any,s);let v=T.show(Le(c));se(fe,s?Ue():"");let C=E>0&&N()-S>de;L(t,{_brush:a,_stroke:p,_painted:y,_mapped:B,_late:C}),L(g,{$pressed:String(a)}),!(!s||y!==p||$.painting()||v===q)&&(q=v,Q(m(".xw-live"),v))}function Ue(){return D?`No map of the painted picture: ${D}`:"xwLive"in t.dataset?B===p?"Map of the painted picture":"Map follows the paint":t.dataset.xwSecond&&/swipe|difference/.test(e.get("arrangement"))?"Maps of the unpainted picture":P==="after"&&$.painting()?"The map follows after the stroke":P==="after"?"The map is being computed":"Map of the unpainted picture"}function me(){i(c.includes(1)),ne([0,0,h,M])}function re(){me(),ge()}function oe(){c.includes(1)&&(l.begin(c),c.fill(0),re(),a&&$.focus())}function be(){l.undo(c)&&(re(),l.any||$.focus())}function ge(){p+=1,c.includes(1)?J():(T.say(),y=B=p,xe()),U()}function J(){let s=E||k&&N()-S<de,v=P==="after"&&!_&&!$.painting()&&c.includes(1);y===p&&!v||s&&N()-S<We||(E=p,S=N(),setTimeout(()=>{J(),U()},de+20),xe())}function xe(){_=!$.painting();let s={kind:"paint",by:x,seq:p,fill:o,full:Ke,ended:_};e.send(s,void 0,[ce(c)])}function ie(s,[v,...C]=[]){if(s.kind==="brush"&&He(s,C),s.kind==="painted_map"&&h){s.by===x?(k=0,B=Math.max(B,s.seq)):B=p,D=s.failed??"",J(),requestAnimationFrame(()=>!n.aborted&&U());return}if(s.kind!=="painted"||!h)return;let H=s.by===x;H&&s.seq<y||(P=s.map,D="",H&&s.map==="now"&&!s.failed&&(k=s.seq),H?y=s.seq:he(s.fill,Be(C[0])),E=0,c.includes(1)&&!s.failed&&T.say(ee(v)),J(),U())}function he(s,v){s&&(l.begin(c),o=s,c.set(pe(v,c.length)),c.includes(1)||T.say(),p+=1,y=p,me())}async function He(s,[v,C,H,Oe]){let we=e.get("picture"),{width:z,height:V}=we,{mime:De,mean:Re}=s;await w.load({width:z,height:V,mime:De,data:v},Re),!(we!==e.get("picture")||n.aborted)&&([h,M]=[z,V],c.length!==z*V&&(c=new Uint8Array(z*V)),T.begin(ee(C)),R.fit(Math.min(z,V),s.fills),s.fills.includes(o)||(o=s.fills[0]),he(s.fill??null,Be(H)),l.forget(),c.includes(1)&&T.say(ee(Oe)),I&&c.includes(1)&&e.send({kind:"brush",known:!0}),I&&u&&Z(),I=!1,U())}function ye(){[h,E,c]=[0,0,new Uint8Array(0)],T.begin(ee(void 0)),y=p,l.forget(),T.say(),e.send({kind:"brush",known:!0}),U()}function Z(){a=!a,U(),$.follow(),a&&$.focus()}return A(n,g,"click",Z),A(n,t,"keydown",s=>{let{key:v,target:C}=s;if(C.matches("input:not([type])"))return;let H=s.ctrlKey||s.metaKey;if(H&&v==="z")be();else if(!H&&v==="b"&&!s.defaultPrevented)Z();else{if(H||s.altKey||!a)return;if(v==="[")R.smaller();else if(v==="]")R.larger();else if(v==="Escape"&&!s.defaultPrevented)Z(),s.stopPropagation();else if(!$.press(s))return}W(s)}),e.on("msg:custom",ie),e.on("change:picture",ye),ae(n,()=>{e.off("msg:custom",ie),e.off("change:picture",ye)}),ie(f,b),{update(){c.includes(1)&&ne([0,0,h,M]),U()},clear:oe}}export{Ge as default};
