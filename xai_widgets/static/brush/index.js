var ve=/^(localhost|127\.|\[::1)/.test(globalThis.location?.hostname)?66e3:0;var J=()=>performance.now(),se=(e,t)=>e.addEventListener("abort",t);function O(e,t,n){return Math.max(t,Math.min(n,e))}function W(e){return typeof e=="string"?Uint8Array.from(atob(e),t=>t.charCodeAt(0)):new Uint8Array(e.buffer,e.byteOffset,e.byteLength)}function K(e,...t){let[n,...r]=e.split("."),i=document.createElement(n||"div");n==="button"&&_(i,{type:"button"}),i.className=r.map(f=>`xw-${f}`).join(" ");for(let f of t)typeof f=="string"||f instanceof Node?i.append(f):_(i,f);return i}function _(e,t){for(let[n,r]of Object.entries(t)){let i=n.replace("_","data-xw-").replace("$","aria-");r==null||r===!1?e.removeAttribute(i):e.setAttribute(i,r===!0?"":`${r}`)}}function T(e,t){e.textContent!==t&&(e.textContent=t)}function le(e,t){e.hidden=!t,T(e,t)}function A(e,t,n,r){for(let i of n.split(" "))t.addEventListener(i,r,{signal:e,passive:!1})}var G=e=>e.preventDefault();function Me(e,t,...n){let r=document.createElementNS("http://www.w3.org/2000/svg",e);return _(r,t),r.append(...n),r}function Fe(e,t="",n="0 0 16 16"){return Me("svg",{class:t,viewBox:n,preserveAspectRatio:"none",$hidden:"true"},Me("path",{d:e}))}function ue(e,t,n,r,i,f={}){let b={_control:t,title:n,$label:n,...f},c=K("button.tool",b,Fe(r));return A(e,c,"click",i),c}var Y=()=>`xw-${Math.random().toString(36).slice(2)}`;function Ne(e){if(!Number.isFinite(e))return"–";let t=Math.abs(e),n=t>=1e4||t>0&&t<.001?e.toExponential(1).replace("e+","e"):String(+e.toPrecision(3));return(e>0?"+":"")+n.replaceAll("-","−")}function X(e,t=1){let n=10**-t;return e>0&&200*e<n?`<${n} %`:`${(100*e).toFixed(t)} %`}var F=(e,t,n)=>t==="number"?Ne(e).replace("+",""):X(e,n);function Ee(e){let[t,n]=[K("span"),K("i.tick",{hidden:!0})],[r,i]=[K("span.class",t,n),K("span.chance")];return{element:K(e,r,i),name:r,show(f,b,c,m){let d=c==="number"?0:100;T(t,f),r.style.backgroundSize=`${d*(b??0)}%`,T(i,b==null?"":F(b,c)),n.hidden=m===void 0||!d,n.style.left=`${d*(m??0)}%`}}}function Ae(e,t,n,r){let i=Ee("button.bar.risen"),[f,b,c]=[K("b.change"),K("b.turn"),K("span.facts")],m=K("button.link",{_control:"clear",title:"Clear the paint"},"Clear"),d=n.querySelector("[data-xw-verdict]"),g=d.textContent??"";d.replaceChildren(f,K("span.outcome",b,c,m)),n.querySelector(".xw-bars").after(i.element);let x=new Float32Array,l,w=0;A(e,m,"click",r),A(e,i.element,"click",()=>{t.set("target",w),t.save_changes()});let h=s=>t.get("class_names")?.[s]??`class ${s}`,M=s=>s.indexOf(Math.max(...s)),u=()=>t.get("prediction")?.top[0]?.unit;function o(s,p){let[y,E]=s.children,S=u()==="number"?0:(l??x)[p];y.style.backgroundSize=`${100*S}%`,T(E,F((l??x)[p],u()));let P=y.querySelector("i");P.hidden=!l||u()==="number",P.style.left=`${100*x[p]}%`}return{begin(s){x=s},say(s){l=s?.length===x.length?s:void 0},show(s){if(!x.length)return"";let p=[...n.querySelectorAll(".xw-bars .xw-bar")],y=new Set;for(let I of p){if(I.hidden=!1,!I.dataset.xwClass)continue;let $=Number(I.dataset.xwClass);y.add($),o(I,$)}w=l?M(l):0;let E=!!l&&!y.has(w);i.show(h(w),(l??x)[w],u(),l&&x[w]);let S=`Most probable in the painted picture (class ${w}): explain it`;_(i.element,{title:S}),i.element.hidden=!E;let P=[...p].reverse().find(I=>I.ariaPressed!=="true"&&I!==I.ownerDocument.activeElement);E&&P&&(P.hidden=!0);let k=t.get("target"),C=typeof k=="number"?k:t.get("prediction").top[0].index,B=l?` → ${F(l[C],u())}`:"";T(f,s?`${h(C)} ${F(x[C],u())}${B}`:"");let D=!!l&&u()!=="number"&&w!==M(x);T(b,D?`now ${h(w)} ${F(l[w],u())}`:""),T(c,s?`${X(s,0)} painted`:g),m.hidden=!s;let Z=s?[f,b,c].map(({textContent:I})=>I):[g];for(let I of[f,b])_(I,{title:I.textContent});return Z.filter(Boolean).join(", ")}}}var Se=[["inferno","Inferno",0,"00810080048183LK9E7R2LM21^2R_6^27^2R_2R__677dDd89fJKK]0^Q_Dd8fJK0LM277^2g_9Nd87^_DIK]]]KI777^2R_27^_27^2^QMM]KKKE99`87R2^QQQ0L0LKKKMKKKM2dJNNKIEd87EI07K]6d8KKKK]0^6^_8IdJIKKKKK]KM]011^QM2L`9g2LId2LK7LKI0I",[]],["viridis","Viridis",0,"44800181548279fJKKKMQQ2R__677777R_2R_Q_Q2R21^KQI971LE`_2LKKKId877R_Q2^Q2R_DI777de89E99fJEKIKfJKKKKKQKKK0LKKKMKKKMKKQK0L]KMQQQM_Q____DdDd8EEI_8deJEKQ]]677EIII9KfJKKKKKKKK0L]01^Q_2`DIIIKKK01^Q_D7EdeeD^fhM9L",[]],["cividis","Cividis",0,"008022814e81KKKKK<.K]_8EfJKKKKKKQK0L0L0L]KMKMKKKKQKKKKKKKEKKKKKIKKEKfJfJ9f/K]]Q2^2^QQM2^QQ2^]Q21^QQ21^]QQMM2111111LMMQQ]KMQ0LQKMKMKQKKQKKKKN^Q]K).LQ]KMKMKKKKKKIKEfJIEEEd8dJKIQKK0LQ]]]]Q_6^__DdDEE9KKQ]6IoN",[22,2,762,1]],["gray","Grey",0,"008100810081",[]],["coolwarm","Blue to red",1,"3b814c82c082KIE999EEd8E7E7`8`8d8d8EIIIIEKfJKKKQ]Q__DEEKKKQQ277EdJIKKM01^677LQQQM2^6^2777`DEIIEKKKKMQ2^_Dd8K[_8EI9KKKQ0^]_67`8EEEfJKKQ0^c8Z_J__D799KKK]]Q__8EfJK]]]_6EdJEKKM]27777d_87`87`D77d__27^2^QMMM]K]",[]],["BrBG","Brown to teal",1,"548230810580E9fJIIKKKKKK0999999]KKMK0IKKQKKBIEfJI*IE9fJI9KKKKKdKKKKQfLKKMKKKId89EIL]K0LK__27R_D677777]_____)7^_67CKQKM0LQKQKQKlJKKEKKd8E7EdJE9fJIE:E7E7`VfJ9KEK]]0111IK]KKK]8d8d8I6^27^2IKKKKKfJKKEKKE9fJE9",[126,-1,305,1,433,-1,638,-2]],["berlin","Blue to red, dark centre",1,"9e7eb080ff7f]Q_6777^]E7L;KEEId8EdD77RM]EK`QEfJKId8`__21LfJI9KKKKKKKKKKIK9KEKQM2^_DEQ679fJfJ9KIEEEd8`__2LQ9f8LEEIEEd87RMK9`21LM0L]K0LKKKKKKKKKQKQ67IK]677^__6^QMMMM0LKKf8`6^SfSM]KK9K99^K99RMKK9fJIde8E7`87`J",[]]];var bt=Se.map(([e,t,n])=>({name:e,title:t,diverging:!!n}));var Je=({data:e,mime:t})=>createImageBitmap(new Blob([W(e)],{type:t}));async function Ie(e){let{width:t,height:n}=e,r=new OffscreenCanvas(t,n).getContext("2d");return r.drawImage(await Je(e),0,0,t,n),new Uint32Array(r.getImageData(0,0,t,n).data.buffer)}function Le(e,t,[n,r],[i,f],b){let c=e.length/t,[m,d]=[i-n,f-r],g=Math.max(b,1),x=(o,s,p)=>[O(Math.floor(Math.min(o,s)-g),0,p),O(Math.ceil(Math.max(o,s)+g),0,p)],[l,w]=x(n,i,t),[h,M]=x(r,f,c),u=!1;for(let o=h;o<M;o++)for(let s=l;s<w;s++){let[p,y]=[s+.5-n,o+.5-r],E=O((p*m+y*d)/(m*m+d*d||1),0,1);!(s===Math.floor(i)&&o===Math.floor(f))&&Math.hypot(p-E*m,y-E*d)>b||(e[o*t+s]=1,u=!0)}return u?[l,h,w,M]:null}function pe(e){let t=[],[n,r]=[0,0];for(let i=0;i<=e.length;i++){let f=i-r===65535;i<e.length&&e[i]===n&&!f||(t.push(i-r),f&&e[i]===n?t.push(0):n^=1,r=i)}return Uint16Array.from(t)}function de(e,t){let n=new Uint8Array(t),r=0;return e.forEach((i,f)=>{n.fill(f&1,r,r+i),r+=i}),n}function _e(e){let t=0;for(let n=0;n<e.length;n++)t+=e[n];return t/(e.length||1)}var ze=99,ee=class{past=[];get any(){return this.past.length>0}begin(t){this.past.push(pe(t)),this.past.length>ze&&this.past.shift()}undo(t){let n=this.past.pop();return n&&t.set(de(n,t.length)),!!n}forget(){this.past.length=0}},ce=4278190080;function Pe(e,t){let n,r,i,f=0,b=0;return{async load(c,[m,d,g]){i=await Ie(c),{width:b}=c;let{height:x}=c;[r,n]=[new ImageData(b,x),new ImageData(b,x)],f=(ce|g<<16|d<<8|m)>>>0},draw([c,m,d,g],x,l,w){if(e.width!==b||d<=c)return;let[h,M]=[r,n].map(({data:p})=>new Uint32Array(p.buffer)),u=l==="mean"?f:ce;for(let p=m;p<g;p++)for(let y=p*b+c;y<p*b+d;y++)h[y]=x[y]?l==="blur"?i[y]:u:0,M[y]=x[y]?ce:0;if(e.getContext("2d").putImageData(r,0,0,c,m,d-c,g-m),w||t.width!==b)return;let o=new OffscreenCanvas(d-c,g-m);o.getContext("2d").putImageData(n,-c,-m);let s=t.getContext("2d");s.globalCompositeOperation="destination-out",s.drawImage(o,c,m),s.globalCompositeOperation="source-over"}}}function ke(e,t,n,r){let i=t.querySelector("[data-xw-stage]"),f=K(".circle",{hidden:!0});i.append(f);let b=o=>o.getBoundingClientRect(),c=null,m=0,d=null,g=!1;function x({clientX:o,clientY:s}){let{left:p,top:y,width:E,height:S}=b(n),P=b(i),k=r.beside()?P.width/2:0,C=k&&o-P.left>=k?o-k:o,[B,D]=r.extent();return[(C-p)/E*B,(s-y)/S*D]}function l(o=d&&x(d)){let[s]=r.extent();if(f.hidden=!r.active()||!o||!s||g,!o||f.hidden)return;let{left:p,top:y,width:E}=b(n),S=b(i),P=E/s,[k,C]=[p-S.left+o[0]*P,y-S.top+o[1]*P];f.style.cssText=`left:${k}px;top:${C}px;width:${P*r.size()}px`}function w(o){r.paint(c??o,o),c=o}function h(o,s){for(let p of o.split(" "))i.addEventListener(p,s,{signal:e,capture:!0})}let M=()=>r.active()&&!g&&r.extent()[0]>0;h("pointerdown",o=>{d=o,!(!M()||o.button)&&(o.stopImmediatePropagation(),!c&&(i.setPointerCapture(o.pointerId),m=o.pointerId,r.begin(),w(x(o)),l(),r.painted()))}),h("pointermove",o=>{if(c&&o.pointerId!==m)return;d=o;let s=o.getCoalescedEvents?.()??[];if(c)for(let p of s.length?s:[o])w(x(p));l(),c&&r.painted()}),h("pointerup pointercancel lostpointercapture",o=>{!c||o.pointerId!==m||(c=null,o.pointerType==="touch"&&(d=null),l(),r.end())}),h("pointerleave",o=>{o.target===i&&(d=null,l())}),h("dblclick",o=>M()&&o.stopImmediatePropagation()),h("mousedown",o=>{r.active()&&o.button===1&&G(o)}),A(e,i,"wheel",()=>l()),A(e,i,"blur",()=>{g=!1,l()}),A(e,t,"keyup",({key:o})=>{o!==" "||!g||(g=!1,l())});function u(o){let[s,p]=r.extent(),[y,E]=r.spot()??[.5,.5],S=[y*s,E*p];d=null,o&&M()&&(r.begin(),w(S),c=null,r.painted(),r.end()),l(S)}return{follow:l,painting:()=>!!c,focus:()=>i.focus({preventScroll:!0}),press({key:o,target:s,defaultPrevented:p}){if(s!==i||!r.active())return!1;if(o.startsWith("Arrow"))u(!1);else if(p)l();else if(o===" "&&d)g=!0,l();else if(o===" "||o==="Enter")u(!0);else return!1;return!0}}}var Qe=`.xw-root {
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
  .xw-verdict b {
    overflow: hidden;
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .xw-change {
    display: block;
  }
  .xw-change:empty,
  .xw-turn:empty {
    display: none;
  }
  .xw-turn {
    color: var(--xw-ink);
  }
  .xw-outcome {
    display: flex;
    gap: 8px;
    align-items: baseline;
    .xw-facts {
      flex: 1;
      margin: 0;
      white-space: nowrap;
    }
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
`;function Te(e,t,n,r,i){let f=Y(),b=r.map(([g,,x])=>K("input",{type:"radio",name:f,value:g,$label:x})),c=r.map(([,g],x)=>K("label.segment",{_text:g},b[x],g)),m=K(".segments",{role:"radiogroup",$label:t,_control:n});return m.append(...c),A(e,m,"change",({target:g})=>i(g.value)),A(e,m,"dblclick",()=>i(r[0][0])),[m,(g,x=null)=>{for(let[l,[w,,h]]of r.entries())_(c[l],{title:x??h}),_(b[l],{disabled:!!x}),b[l].checked=w===g}]}function Ce(e,t,n,r){let i=K("input.range",{type:"range",$label:t,_control:n});return A(e,i,"input",()=>r(+i.value)),{range:i,show(f,b,c,m,d=!1){_(i,{min:b,max:c,$valuetext:m,disabled:d}),i.value=String(f),i.style.setProperty("--xw-share",`${100*(f-b)/(c-b||1)}%`)}}}var qe=[["black","black","Paint it black"],["blur","blur","Leave a blur of it"],["mean","mean","Paint it in the picture's mean colour"]],Ze="M4 4l8 8M12 4l-8 8",je="M5.5 3L2.5 6l3 3M2.5 6H10a3.5 3.5 0 0 1 0 7H6";function $e(e,t){let[n,r]=Te(e,"Paint with","fill",qe,t.fill),i=Ce(e,"Brush size","brush-size",l);_(i.range,{title:"Brush size ([ and ])"});let f=K("span.number"),b=ue(e,"undo","Undo (Ctrl+Z)",je,t.undo),c=ue(e,"wipe","Clear the paint",Ze,t.clear),m=K(".toolbar",{role:"group",$label:"Brush"},n);m.append(K(".sizes",i.range,f),b,c);let d=0,g=1,x=[];function l(w){d=O(Math.round(w),1,g),i.show(d,1,g,`${d} pixels`),T(f,`${d} px`),t.resized()}return A(e,i.range,"dblclick",()=>l(g/4)),{element:m,get size(){return d},larger:()=>l(Math.max(d+1,d*1.25)),smaller:()=>l(Math.min(d-1,d/1.25)),fit(w,h){let M=g;g=Math.max(2,w>>1),l(M===g?d:g/4),x=h},show(w,h,M){r(w);for(let u of n.querySelectorAll("input"))u.disabled=!x.includes(u.value);b.disabled=!h,c.disabled=!M}}}var fe=200,We=1e4,Ue=e=>W(e??"").slice().buffer,te=e=>new Float32Array(Ue(e)),Be=e=>new Uint16Array(Ue(e));function Ge({model:e,root:t,signal:n,stage:r,repaint:i},f,b,c){let m=a=>t.querySelector(a),d=m('[data-xw-canvas="picture"]'),g=m('[data-xw-control="brush"]'),x=Y(),l=new ee,w=Pe(m('[data-xw-canvas="paint"]'),m('[data-xw-canvas="heat"]')),[h,M]=[0,0],u=new Uint8Array(0),o="blur",s=!1,p=0,y=0,E=0,S=0,P=!0,k,C=0,B=0,D="",Z="",I=!0,$=Ae(n,e,t,ie),U=ke(n,t,d,{active:()=>s,extent:()=>[h,M],size:()=>R.size,beside:()=>ne(),spot:r.spot,begin:()=>l.begin(u),paint(a,v){let L=Le(u,h,a,v,R.size/2);L&&re(L)},painted:xe,end(){k==="after"&&z(),H()}}),R=$e(n,{fill(a){o=a,oe()},undo:ge,clear:ie,resized:()=>U.follow()}),me=K(".pill.whose",{hidden:!0,$live:"off",_whose:!0});m(".xw-frame").append(me),t.append(K("style",Qe)),r.slot.prepend(R.element),r.cover(({row:a,column:v})=>!ne()&&!!u[a*h+v]);function ne(){return e.get("arrangement")==="side_by_side"}function re(a){w.draw(a,u,o,ne())}function H(){let a=u.includes(1);R.show(o,l.any,a);let v=$.show(_e(u));le(me,a?He():"");let L=E>0&&J()-S>fe;_(t,{_brush:s,_stroke:p,_painted:y,_mapped:B,_late:L}),_(g,{$pressed:String(s)}),!(!a||y!==p||U.painting()||v===Z)&&(Z=v,T(m(".xw-live"),v))}function He(){if(D)return`No map of the painted picture: ${D}`;let a="xwTwo"in t.dataset,[v,L,Q]=a?["Maps","follow","are"]:["Map","follows","is"];if("xwLive"in t.dataset)return B===p?`${v} of the painted picture`:`${v} ${L} the paint`;let N=`The ${v.toLowerCase()}`;return k==="after"&&U.painting()?`${N} ${L} after the stroke`:k==="after"||a?`${N} ${Q} being computed`:"Map of the unpainted picture"}function be(){i(u.includes(1)),re([0,0,h,M])}function oe(){be(),xe()}function ie(){u.includes(1)&&(l.begin(u),u.fill(0),oe(),s&&U.focus())}function ge(){l.undo(u)&&(oe(),l.any||U.focus())}function xe(){p+=1,u.includes(1)?z():($.say(),y=B=p,he()),H()}function z(){let a=E||C&&J()-S<fe,v=k==="after"&&!P&&!U.painting()&&u.includes(1);y===p&&!v||a&&J()-S<We||(E=p,S=J(),setTimeout(()=>{z(),H()},fe+20),he())}function he(){P=!U.painting();let a={kind:"paint",by:x,seq:p,fill:o,full:ve,ended:P};e.send(a,void 0,[pe(u)])}function ae(a,[v,...L]=[]){if(a.kind==="brush"&&Oe(a,L),a.kind==="painted_map"&&h){if(a.more)return;a.by===x?(C=0,B=Math.max(B,a.seq)):B=p,D=a.failed??"",z(),requestAnimationFrame(()=>!n.aborted&&H());return}if(a.kind!=="painted"||!h)return;let Q=a.by===x;Q&&a.seq<y||(k=a.map,D="",Q&&a.map==="now"&&!a.failed&&(C=a.seq),Q?y=a.seq:ye(a.fill,Be(L[0])),E=0,u.includes(1)&&!a.failed&&$.say(te(v)),z(),H())}function ye(a,v){if(!a)return;let L=de(v,u.length);a===o&&p&&L.every((Q,N)=>Q===u[N])||(l.begin(u),o=a,u.set(L),u.includes(1)||$.say(),p+=1,y=p,be())}async function Oe(a,[v,L,Q,N]){let Ke=e.get("picture"),{width:V,height:q}=Ke,{mime:De,mean:Re}=a;await w.load({width:V,height:q,mime:De,data:v},Re),!(Ke!==e.get("picture")||n.aborted)&&([h,M]=[V,q],u.length!==V*q&&(u=new Uint8Array(V*q)),$.begin(te(L)),R.fit(Math.min(V,q),a.fills),a.fills.includes(o)||(o=a.fills[0]),ye(a.fill??null,Be(Q)),l.forget(),u.includes(1)&&$.say(te(N)),I&&u.includes(1)&&e.send({kind:"brush",known:!0}),I&&c&&j(),I=!1,H())}function we(){[h,E,u]=[0,0,new Uint8Array(0)],$.begin(te(void 0)),y=p,l.forget(),$.say(),e.send({kind:"brush",known:!0}),H()}function j(){s=!s,H(),U.follow(),s&&U.focus()}return A(n,g,"click",j),A(n,t,"keydown",a=>{let{key:v,target:L}=a;if(L.matches("input:not([type])"))return;let Q=a.ctrlKey||a.metaKey;if(Q&&v==="z")ge();else if(!Q&&v==="b"&&!a.defaultPrevented)j();else{if(Q||a.altKey||!s)return;if(v==="[")R.smaller();else if(v==="]")R.larger();else if(v==="Escape"&&!a.defaultPrevented)j(),a.stopPropagation();else if(!U.press(a))return}G(a)}),e.on("msg:custom",ae),e.on("change:picture",we),se(n,()=>{e.off("msg:custom",ae),e.off("change:picture",we)}),ae(f,b),{update(){u.includes(1)&&re([0,0,h,M]),H()},clear:ie}}export{Ge as default};
